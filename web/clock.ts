// Time as a parameter: the page gets the browser's, tests get their own.

export interface Clock {
  /** Epoch ms. */
  now(): number;
  /** Calls `then` once after `ms`; the answer calls it off. */
  after(ms: number, then: () => void): () => void;
}

export const browserClock: Clock = {
  now: () => Date.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};

/** A random wait before attempt `n` (0 is the first repetition): full jitter below a doubling cap. */
export function retryDelayMs(n: number, firstMs: number, maxMs: number, random: () => number): number {
  return Math.round(random() * Math.min(maxMs, firstMs * 2 ** n));
}
