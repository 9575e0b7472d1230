// One network namespace made ahead: a holder container whose shell has built the fence, holds the namespace open and answers
// which sockets are in it. Jobs join it and see nothing else of the holder.

import type { Duplex } from "node:stream";
import { messageOf } from "../fault.ts";
import { holderAnswerMs, holderMemoryBytes, holderPidsMax, namespaceMs } from "../limits.ts";
import { settledWithin, within } from "../retry.ts";
import { labels } from "./container.ts";
import { Demultiplexer } from "./demux.ts";
import type { Engine } from "./engine.ts";
import { leftSockets } from "./sockets.ts";
import type { ToolsImage } from "./toolsImage.ts";

export interface NamespacePlan {
  readonly engine: Engine;
  readonly agent: string;
  readonly name: string;
  readonly network: string;
  readonly tools: ToolsImage;
  readonly fence: string;
}

const fenced = "fenced";
const question = "sockets?";
const answerEnd = "that is all";

/** Runs after the fence. The engine's connection may begin with bytes of its own, so a question is the end of a line. */
const holderLoop = `
echo ${fenced}
while read -r line; do
  case $line in *${question}) cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 /proc/net/unix 2>/dev/null; echo ${answerEnd};; esac
done`;

/** There is a namespace, and what should close it failed. */
export class FenceFault extends Error {}

export class Namespace {
  readonly id: string;
  /** What the fence could not do as it should. */
  readonly remarks: readonly string[];
  readonly #engine: Engine;
  readonly #voice: HolderVoice;
  #before: readonly string[] = [];

  private constructor(engine: Engine, id: string, voice: HolderVoice, remarks: readonly string[]) {
    this.#engine = engine;
    this.id = id;
    this.#voice = voice;
    this.remarks = remarks;
  }

  /** @throws FenceFault with what the holder said, if there is no fence. Nothing is left then. */
  static async make(plan: NamespacePlan): Promise<Namespace> {
    const { engine, name } = plan;
    const signal = within(namespaceMs);
    const id = await engine.create(name, holderOptions(plan));
    let voice: HolderVoice | undefined;
    try {
      voice = new HolderVoice(await engine.converse(id));
      await engine.start(id, signal);
      const remarks = await voice.until(fenced, namespaceMs);
      if (!remarks)
        throw new FenceFault(`The network of jobs could not be closed: ${voice.said.trim() || "no answer"}.`);
      const namespace = new Namespace(engine, id, voice, remarks);
      namespace.#before = await namespace.#sockets();
      return namespace;
    } catch (error) {
      // The engine ends its half of the connection; ours would keep the process.
      voice?.close();
      await engine.remove(id);
      throw error;
    }
  }

  /** Whether the holder is there, as far as is known. */
  get alive(): boolean {
    return !this.#voice.ended;
  }

  /** Whether nothing of its last job is left in it. */
  async isClean(): Promise<boolean> {
    try {
      return leftSockets(this.#before, await this.#sockets()).length === 0;
    } catch {
      // A holder that does not answer is of no use, whatever is in its namespace.
      return false;
    }
  }

  async remove(): Promise<void> {
    this.#voice.close();
    await this.#engine.remove(this.id);
  }

  async #sockets(): Promise<readonly string[]> {
    this.#voice.say(question);
    const answer = await this.#voice.until(answerEnd, holderAnswerMs);
    if (!answer) throw new Error("The holder of a network namespace does not answer.");
    return answer;
  }
}

/** The conversation with a holder's shell, line by line. */
class HolderVoice {
  said = "";
  ended = false;
  readonly #connection: Duplex;
  #heard = () => {};

  constructor(connection: Duplex) {
    this.#connection = connection;
    const demultiplexer = new Demultiplexer((_stream, payload) => {
      this.said += payload.toString();
    });
    connection.on("data", (chunk: Buffer) => {
      try {
        demultiplexer.write(chunk);
      } catch (error) {
        this.said += messageOf(error);
        connection.destroy();
      }
      this.#heard();
    });
    const end = () => {
      this.ended = true;
      this.#heard();
    };
    connection.once("error", end);
    connection.once("end", end);
    connection.once("close", end);
  }

  say(line: string): void {
    this.#connection.write(`${line}\n`);
  }

  /** The lines before that one. Undefined when it does not come. */
  async until(line: string, limitMs: number): Promise<readonly string[] | undefined> {
    const mark = `${line}\n`;
    const heard = async () => {
      while (!this.said.includes(mark) && !this.ended) {
        await new Promise<void>((resolve) => {
          this.#heard = resolve;
        });
      }
    };
    await settledWithin(heard(), limitMs);
    const at = this.said.indexOf(mark);
    if (at < 0) return undefined;
    const lines = this.said
      .slice(0, at)
      .split("\n")
      .filter((text) => text !== "");
    this.said = this.said.slice(at + mark.length);
    return lines;
  }

  close(): void {
    this.#connection.destroy();
  }
}

function holderOptions({ agent, network, tools, fence }: NamespacePlan) {
  return {
    ...errandOptions(agent, tools, `${fence}\n${holderLoop}`),
    // What jobs see as theirs.
    Hostname: "job",
    OpenStdin: true,
    AttachStdin: true,
    HostConfig: {
      ...errandLimits,
      NetworkMode: network,
      CapAdd: ["NET_ADMIN"],
      IpcMode: "none",
      // The engine's own list without /proc/sys: the fence sets two values of this namespace.
      ReadonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sysrq-trigger"],
    },
  };
}

/** A small container of the agent's own that runs a script. */
export function errandOptions(agent: string, { image, shell }: ToolsImage, script: string) {
  return {
    Image: image,
    Entrypoint: [shell, "-c", script],
    Cmd: [],
    Env: ["PATH=/tools:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"],
    User: "0",
    WorkingDir: "/",
    Labels: { [labels.agent]: agent, [labels.own]: "network" },
    // The first process of a container without a handler never sees a TERM; an engine that stops would wait for it.
    StopSignal: "SIGKILL",
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
  };
}

export const errandLimits = {
  CapDrop: ["ALL"],
  SecurityOpt: ["no-new-privileges"],
  ReadonlyRootfs: true,
  Init: false,
  PidsLimit: holderPidsMax,
  Memory: holderMemoryBytes,
  MemorySwap: holderMemoryBytes,
  LogConfig: { Type: "none", Config: {} },
} as const;
