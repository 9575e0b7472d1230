// At most so many at a time; the others wait in line.

export class Gate {
  places: number;
  #inside = 0;
  readonly #line: (() => void)[] = [];

  constructor(places: number) {
    this.places = places;
  }

  async within<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.places) await new Promise<void>((resolve) => this.#line.push(resolve));
    else this.#inside += 1;
    try {
      return await work();
    } finally {
      // The place is handed on, so that nobody who comes now overtakes.
      const next = this.#line.shift();
      if (next) next();
      else this.#inside -= 1;
    }
  }
}
