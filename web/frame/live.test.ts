import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import { liveEveryMs } from "../limits.ts";
import { fakeShell } from "../queue/fakeShell.ts";
import { LogStore } from "../state/logStore.ts";
import { sendLive } from "./live.ts";

test("standard output and exit code go on as they come, a few times a second, and the last state always", () => {
  const shell = fakeShell();
  const store = new LogStore();
  const version = signal(0);
  const isOn = signal(false);
  const exitCode = signal<number | undefined>(undefined);
  const sent: unknown[] = [];
  sendLive({ isOn, store, version, exitCode, clock: shell.clock }, { send: (outputs) => void sent.push(outputs) });
  const print = (text: string, kind: "out" | "err" = "out") => {
    store.push({ text, time: 0, kind, isBuild: false });
    version.value++;
  };
  print("\u001b[31mone\u001b[0m");
  expect(sent).toEqual([]);
  isOn.value = true;
  expect(sent).toEqual([{ stdout: "one", exitCode: undefined }]);
  print("two");
  print("not this", "err");
  print("three");
  expect(sent).toHaveLength(1);
  shell.advance(liveEveryMs);
  expect(sent.slice(1)).toEqual([{ stdout: "one\ntwo\nthree", exitCode: undefined }]);
  exitCode.value = 3;
  shell.advance(10 * liveEveryMs);
  expect(sent.slice(2)).toEqual([{ stdout: "one\ntwo\nthree", exitCode: 3 }]);
});
