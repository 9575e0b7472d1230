// One broken part says so and leaves the others alone.

import { Component, type ComponentChildren } from "preact";

interface Props {
  readonly part: string;
  readonly children: ComponentChildren;
}

export class ErrorBoundary extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  override componentDidCatch(error: unknown) {
    console.error(`${this.props.part} broke`, error);
    this.setState({ failed: true });
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div class="notice" role="alert" data-tone="bad">
        <p>
          <strong>{this.props.part} could not be shown.</strong> The rest of the page works. The browser's console has
          the details.
        </p>
        <button type="button" onClick={() => this.setState({ failed: false })}>
          Try again
        </button>
      </div>
    );
  }
}
