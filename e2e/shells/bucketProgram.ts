// The tests' S3 server as a process of its own: prints where it is, as JSON, and ends with its standard input.

import { startBucket } from "./bucket.ts";

const { stop, ...where } = await startBucket();
console.log(JSON.stringify(where));
process.stdin.resume().once("end", () => {
  void stop().finally(() => process.exit());
});
