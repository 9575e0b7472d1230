// A running clock. It ticks outside of the live region, and only while something runs.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { clockTickMs } from "../limits.ts";

export function Clock({ since }: { since: number }) {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      now.value = Date.now();
    }, clockTickMs);
    return () => clearInterval(timer);
  }, [now]);
  return <time class="clock">{clockText(now.value - since)}</time>;
}

/** Minutes and seconds, with hours once there are any. Clocks of two machines differ: never below zero. */
export function clockText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  return `${hours > 0 ? `${hours}:` : ""}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
