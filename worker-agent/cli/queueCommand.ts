// `longshore queue new`: a name for a queue that only its owner's agents can serve.

import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import * as v from "valibot";
import { queueNameOfKey } from "../../wire/keyedQueue.ts";
import { codeOf, messageOf } from "../fault.ts";
import { keyBytes } from "../limits.ts";
import { UsageError } from "./fault.ts";
import { setting } from "./setting.ts";
import { origin } from "./values.ts";

const Flags = v.object({ api: v.string(), keyFile: v.optional(v.string()), json: v.boolean() });

export function queueCommand(): Command {
  const make = new Command("new")
    .summary("make up a queue that only your agents can serve")
    .description(
      "Makes up a queue's name and its key. Who has the name can use the queue: submit jobs, read results. Only agents with the " +
        "key can serve it. Nothing is registered anywhere: a queue begins with its first use.",
    )
    .addOption(
      setting("-a, --api <url>", "where the control plane answers", {
        env: "API",
        parse: origin,
        default: "http://localhost:8000",
      }),
    )
    .addOption(
      setting("--key-file <path>", "write the key to this new file instead of showing it", { env: "KEY_FILE" }),
    )
    .option("--json", "print JSON", false)
    .action((raw: unknown) => printNewQueue(v.parse(Flags, raw)));
  return new Command("queue").summary("make up names of queues").addCommand(make);
}

function printNewQueue({ api, keyFile, json }: v.InferOutput<typeof Flags>): void {
  const key = randomBytes(keyBytes).toString("hex");
  const queue = queueNameOfKey(key);
  if (keyFile !== undefined) writeKey(keyFile, key);
  if (json) {
    console.log(
      JSON.stringify({ queue, ...(keyFile === undefined ? { key } : { keyFile }), page: pageOf(api, queue) }),
    );
    return;
  }
  const agentKey = keyFile === undefined ? `LONGSHORE_KEY=${key}` : `LONGSHORE_KEY_FILE=${keyFile}`;
  console.log(`Queue  ${queue}`);
  console.log(`Key    ${keyFile === undefined ? key : `in ${keyFile}`}`);
  console.log(`Page   ${pageOf(api, queue)}`);
  console.log(`Agent  ${agentKey} longshore agent --api ${api}`);
  console.log("Keep the key on the machines of your agents. The name is for everybody who may use the queue.");
}

function pageOf(api: string, queue: string): string {
  return `${api}/#?queue=${queue}`;
}

/** Only its owner reads it, and no key that is in use is overwritten. */
function writeKey(path: string, key: string): void {
  try {
    writeFileSync(path, `${key}\n`, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    const why = codeOf(cause) === "EEXIST" ? "it is there already" : messageOf(cause);
    throw new UsageError(`The key can't be written to ${path}: ${why}.`, { cause });
  }
}
