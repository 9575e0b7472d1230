// What a Dockerfile needs before it can be built, and the Dockerfile that the engine then gets. The engine's own builder would
// fetch images and addresses from the host's network and with the host's rights; so the agent fetches them, and the engine
// gets their ids. Pure.

import { JobFault } from "../fault.ts";
import { copyOf, type Extra } from "./copies.ts";
import { type Instruction, parseDockerfile, refuseTrigger, scriptOf, wordsOf } from "./dockerfile.ts";
import { mountOf } from "./mounts.ts";
import { assignmentsIn, expanded, platformVariables, rawAssignment } from "./variables.ts";

export interface PlanOptions {
  readonly buildArgs: ReadonlyMap<string, string>;
  /** Like `linux/amd64`. */
  readonly platform: string;
  /** Variables of the host that steps get. */
  readonly settings: ReadonlyMap<string, string>;
  /** Whether steps get the host's certificates. */
  readonly certificates: boolean;
  /** Whether ADD unpacks archives of the context, which the engine does without any limit. */
  readonly unpacks: boolean;
}

export interface Plan {
  /** Names of images that it begins with or copies from. */
  readonly images: readonly string[];
  readonly extras: readonly Extra[];
  write(given: Given): Written;
}

export interface Given {
  readonly idOf: (image: string) => string;
  /** An image with the extra files and the certificates. */
  readonly extras: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Written {
  readonly dockerfile: string;
  /** The engine's steps in their order: what a person sees of each, if anything. */
  readonly steps: readonly (string | undefined)[];
}

interface Step {
  readonly shown?: string;
  readonly text: (given: Given) => string;
}

/** Where the certificates are in the extra files, and in images. */
export const certificatesPath = "certificates.pem";
const certificatesInImage = "/usr/local/share/longshore/certificates.pem";
const certificateVariables = [
  "SSL_CERT_FILE",
  "CURL_CA_BUNDLE",
  "REQUESTS_CA_BUNDLE",
  "PIP_CERT",
  "NODE_EXTRA_CA_CERTS",
  "GIT_SSL_CAINFO",
];
/** The engine gives these to steps without an ARG. */
const knownToEngine = /^(?:https?|ftp|no|all)_proxy$/i;

/** @throws JobFault with a sentence. */
export function planBuild(dockerfile: string, options: PlanOptions): Plan {
  const planner = new Planner(options);
  for (const instruction of parseDockerfile(dockerfile)) planner.take(instruction);
  return planner.plan();
}

class Planner {
  readonly #options: PlanOptions;
  readonly #steps: Step[] = [];
  readonly #images = new Set<string>();
  readonly #extras: Extra[] = [];
  readonly #stages: string[] = [];
  readonly #globals: Map<string, string>;
  #variables = new Map<string, string>();
  #shell: readonly string[] = ["/bin/sh", "-c"];

  constructor(options: PlanOptions) {
    this.#options = options;
    this.#globals = new Map(platformVariables(options.platform));
  }

  take(instruction: Instruction): void {
    const { name, line } = instruction;
    if (this.#stages.length === 0 && name !== "FROM" && name !== "ARG")
      throw new JobFault(
        `Line ${line} of the Dockerfile comes before the first FROM, which names the image to begin with.`,
      );
    if (name === "FROM") this.#from(instruction);
    else if (name === "ARG") this.#arg(instruction);
    else if (name === "COPY" || name === "ADD") this.#copy(instruction);
    else if (name === "RUN") this.#run(instruction);
    else {
      if (name === "SHELL") this.#shell = wordsOf(instruction.rest);
      if (name === "ENV")
        for (const [key, value] of assignmentsIn(instruction.rest, true))
          this.#variables.set(key, expanded(value ?? "", this.#variables) ?? value ?? "");
      if (name === "ONBUILD") refuseTrigger(instruction.rest, `Line ${line} of the Dockerfile`, this.#options.unpacks);
      this.#asIs(instruction);
    }
  }

  plan(): Plan {
    if (this.#stages.length === 0)
      throw new JobFault("The Dockerfile has no FROM, which names the image to begin with.");
    const steps = this.#steps;
    return {
      images: [...this.#images],
      extras: this.#extras,
      write: (given) => ({
        dockerfile: `${steps.map(({ text }) => text(given)).join("\n")}\n`,
        steps: steps.map(({ shown }) => shown),
      }),
    };
  }

  #from({ rest, flags, shown, line }: Instruction): void {
    const [base = "", as, stage] = rest.split(/\s+/);
    const image = expanded(base, this.#globals);
    if (image === undefined || image === "")
      throw new JobFault(
        `Line ${line} of the Dockerfile: it can't be told which image ${JSON.stringify(base)} is. Give its ARG a default, or name it plainly.`,
      );
    const name = as?.toUpperCase() === "AS" ? (stage ?? "").toLowerCase() : "";
    const earlier = this.#stages.includes(image.toLowerCase());
    const platform = flags.find(([flag]) => flag === "platform")?.[1];
    const asked = platform === undefined ? undefined : expanded(platform, this.#globals);
    const own = asked === undefined || asked === "" || asked === this.#options.platform ? "" : `--platform=${asked} `;
    const suffix = name === "" ? "" : ` AS ${name}`;
    const fresh = !earlier && image !== "scratch";
    if (fresh) this.#images.add(image);
    this.#step((given) => `FROM ${own}${fresh ? given.idOf(image) : image.toLowerCase()}${suffix}`, shown);
    this.#stages.push(name);
    this.#variables = new Map();
    this.#shell = ["/bin/sh", "-c"];
    // The engine finds finished steps by what is above them: with the queue's name there, only the queue's own.
    this.#step(
      ({ labels }) =>
        `LABEL ${Object.entries(labels)
          .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
          .join(" ")}`,
    );
    if (image !== "scratch") this.#giveSettings();
  }

  #giveSettings(): void {
    const { settings, certificates } = this.#options;
    for (const name of settings.keys()) if (!knownToEngine.test(name)) this.#step(() => `ARG ${name}`);
    if (!certificates) return;
    this.#step((given) => `COPY --from=${extrasOf(given)} /${certificatesPath} ${certificatesInImage}`);
    for (const name of certificateVariables) this.#step(() => `ARG ${name}=${certificatesInImage}`);
  }

  #arg(instruction: Instruction): void {
    const platform = platformVariables(this.#options.platform);
    const inStage = this.#stages.length > 0;
    for (const [name, value] of assignmentsIn(instruction.rest, false)) {
      const given = this.#options.buildArgs.get(name);
      const inherited = inStage ? (this.#globals.get(name) ?? platform.get(name)) : platform.get(name);
      const meant =
        given ?? (value === undefined ? inherited : expanded(value, inStage ? this.#variables : this.#globals));
      if (meant !== undefined) (inStage ? this.#variables : this.#globals).set(name, meant);
      // Newer builders know these by themselves.
      const known = value === undefined && given === undefined ? platform.get(name) : undefined;
      const assignment =
        value === undefined ? (known === undefined ? name : `${name}=${known}`) : rawAssignment(instruction.rest, name);
      this.#step(() => `ARG ${assignment}`, `ARG ${assignment}`);
    }
  }

  #copy(instruction: Instruction): void {
    const { shown, line } = instruction;
    const { unpacks } = this.#options;
    const { from, kept, words, target, verb, local, foreign } = copyOf(instruction, this.#variables, unpacks);
    const emit = (parts: readonly string[]) => parts.filter((part) => part !== "").join(" ");
    if (from !== undefined) {
      const source = this.#stageOrImage(from, line);
      this.#step((given) => emit(["COPY", kept, `--from=${source(given)}`, JSON.stringify(words)]), shown);
      return;
    }
    for (const { name: file, mode, from } of foreign) {
      const folder = `extra/${this.#extras.length}`;
      this.#extras.push({ path: "context" in from ? folder : `${folder}/${file}`, mode, from });
      const what = JSON.stringify([`/${folder}/${file}`, target]);
      this.#step((given) => emit(["COPY", kept, `--from=${extrasOf(given)}`, what]), shown);
    }
    if (local.length > 0) this.#step(() => emit([verb, kept, JSON.stringify([...local, target])]), shown);
  }

  #stageOrImage(from: string, line: number): (given: Given) => string {
    const stage = from.toLowerCase();
    const isIndex = /^\d+$/.test(from) && Number(from) < this.#stages.length - 1;
    if (isIndex || this.#stages.slice(0, -1).includes(stage)) return () => stage;
    const image = expanded(from, this.#globals);
    if (image === undefined || image === "" || /^\d+$/.test(image))
      throw new JobFault(
        `Line ${line} of the Dockerfile copies from ${JSON.stringify(from)}, which is no earlier stage and no image.`,
      );
    if (this.#stages.slice(0, -1).includes(image.toLowerCase())) return () => image.toLowerCase();
    this.#images.add(image);
    return (given) => given.idOf(image);
  }

  #run({ flags, rest, documents, line, shown }: Instruction): void {
    for (const [flag, value] of flags) {
      if (flag === "mount") this.#mount(value, line);
      else if (!(flag === "network" && value === "default") && !(flag === "security" && value === "sandbox"))
        throw new JobFault(`Line ${line} of the Dockerfile: RUN --${flag}=${value} can't be used here.`);
    }
    if (documents.length === 0) {
      this.#step(() => `RUN ${rest}`, shown);
      return;
    }
    const [only] = documents;
    const alone = documents.length === 1 && /^<<-?["']?[\w.-]+["']?$/.test(rest);
    const script =
      alone && only
        ? scriptOf(only.text, only.name)
        : `${rest}\n${documents.map(({ text, name }) => `${text}${name}\n`).join("")}`;
    this.#step(() => `RUN ${JSON.stringify([...this.#shell, script])}`, shown);
  }

  /** What it would show to the step for its time is copied instead. */
  #mount(text: string, line: number): void {
    const mount = mountOf(text);
    if (mount === "nothing") return;
    if (mount === "unknown")
      throw new JobFault(`Line ${line} of the Dockerfile: RUN --mount=${text} can't be used here.`);
    const { from, source, target } = mount;
    const origin = from === undefined ? () => "" : this.#stageOrImage(from, line);
    const flag = from === undefined ? "" : "--from=";
    this.#step((given) => `COPY ${flag}${origin(given)} ${JSON.stringify([source, target])}`);
  }

  #asIs({ name, flags, rest, shown }: Instruction): void {
    const words = flags.map(([flag, value]) => `--${flag}=${value}`);
    this.#step(() => [name, ...words, rest].join(" "), shown);
  }

  #step(text: Step["text"], shown?: string): void {
    this.#steps.push({ text, ...(shown === undefined ? {} : { shown }) });
  }
}

function extrasOf({ extras }: Given): string {
  if (extras === undefined) throw new Error("A build with extra files has an image of them.");
  return extras;
}
