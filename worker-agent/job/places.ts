// Where one job's container is: asked for at once, since it may have to be made, and replaced if it is gone when it is needed.

import type { Place } from "../docker/network.ts";

export class Places {
  readonly #another: () => Promise<Place>;
  #place: Promise<Place>;

  constructor(first: Promise<Place>, another: () => Promise<Place>) {
    this.#another = another;
    this.#place = quiet(first);
  }

  /** @throws JobFault when there is none. */
  current(): Promise<Place> {
    return this.#place;
  }

  async renew(): Promise<void> {
    await this.leave();
    this.#place = quiet(this.#another());
  }

  /** The container is gone, or never came. May be called twice. */
  async leave(): Promise<void> {
    await this.#place.then(
      (place) => place.leave(),
      () => {},
    );
  }
}

/** A job may end before it needs it; who needs it hears of the failure. */
function quiet(place: Promise<Place>): Promise<Place> {
  place.catch(() => {});
  return place;
}
