// What the kernel's log says of a container's end: the last word where its control group went before it was read, and the
// engine had not begun to listen. https://docs.kernel.org/admin-guide/abi-testing.html#abi-file-testing-dev-kmsg

import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { codeOf } from "../fault.ts";
import { kernelRecordBytes, kernelRecordsMax } from "./limits.ts";

/** Whether the kernel ended one of its processes at the memory limit. False where this agent may not read the log. */
export async function kernelToldOfMemory(id: string): Promise<boolean> {
  const log = await open("/dev/kmsg", constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (!log) return false;
  const record = Buffer.alloc(kernelRecordBytes);
  try {
    for (let count = 0; count < kernelRecordsMax; count += 1) {
      try {
        const { bytesRead } = await log.read(record, 0, record.length, null);
        const text = record.toString("latin1", 0, bytesRead);
        if (text.includes("oom_memcg=") && text.includes(id)) return true;
      } catch (error) {
        // Older records were overwritten while they were read.
        if (codeOf(error) !== "EPIPE") return false;
      }
    }
    return false;
  } finally {
    await log.close();
  }
}
