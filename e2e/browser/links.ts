// Addresses of the page, as another site would write them.

export interface PageAddress {
  readonly job?: unknown;
  readonly queue?: string;
  readonly inputs?: Readonly<Record<string, string>>;
  /** Further parameters, as they stand in the address. */
  readonly more?: Readonly<Record<string, string>>;
}

export function pageLink(origin: string, { job, queue = "local", inputs, more = {} }: PageAddress): string {
  const parameters = {
    ...(job === undefined ? {} : { job: encoded(job) }),
    ...(inputs === undefined ? {} : { inputs: encoded(inputs) }),
    queue,
    ...more,
  };
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return `${origin}/#?${pairs.join("&")}`;
}

function encoded(value: unknown): string {
  return btoa(encodeURIComponent(JSON.stringify(value)));
}
