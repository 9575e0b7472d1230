// The registry logins of this host's user, where `docker login` puts them: config.json, or the programs that it names. They
// are read each time, since they change and expire, and go to the engine only.
// https://docs.docker.com/reference/cli/docker/login/#credential-helpers

import { spawn } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { readJson } from "../atomicFile.ts";
import { within } from "../retry.ts";
import { dockerHub } from "./imageName.ts";
import { loginBytesMax, loginHelperMs } from "./limits.ts";

/** As the engine takes it. */
export interface Login {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly serveraddress: string;
}

const Config = v.object({
  auths: v.optional(
    v.record(
      v.string(),
      v.object({
        auth: v.optional(v.string()),
        identitytoken: v.optional(v.string()),
      }),
    ),
    {},
  ),
  credHelpers: v.optional(v.record(v.string(), v.string()), {}),
  credsStore: v.optional(v.string()),
});

const Told = v.object({ Username: v.string(), Secret: v.string() });

/** The name under which logins to Docker Hub are kept. */
const hubServer = "https://index.docker.io/v1/";

/** What an image of that registry may be pulled with. Undefined when this host has no login there. */
export async function loginFor(
  registry: string,
  signal: AbortSignal,
  folder: string = process.env.DOCKER_CONFIG ?? join(homedir(), ".docker"),
): Promise<Login | undefined> {
  const config = v.safeParse(Config, await readJson(join(folder, "config.json")));
  if (!config.success) return undefined;
  const { auths, credHelpers, credsStore } = config.output;
  const serveraddress = registry === dockerHub ? hubServer : registry;
  const isOurs = (key: string) => hostOf(key) === hostOf(serveraddress);
  const helper = Object.entries(credHelpers).find(([key]) => isOurs(key))?.[1] ?? credsStore;
  if (helper !== undefined) {
    const told = await askHelper(helper, serveraddress, within(loginHelperMs, signal));
    if (told?.Username === "<token>") return { identitytoken: told.Secret, serveraddress };
    if (told) return { username: told.Username, password: told.Secret, serveraddress };
  }
  const found = Object.entries(auths).find(([key]) => isOurs(key))?.[1];
  if (found?.identitytoken !== undefined && found.identitytoken !== "")
    return { identitytoken: found.identitytoken, serveraddress };
  const [username, ...password] = Buffer.from(found?.auth ?? "", "base64")
    .toString("utf8")
    .split(":");
  if (username === undefined || password.length === 0) return undefined;
  return { username, password: password.join(":"), serveraddress };
}

/** Keys are hosts, and were URLs once. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}

/** Undefined when the program is not there or has no login: a pull without one then says what is wrong. */
function askHelper(name: string, server: string, signal: AbortSignal): Promise<v.InferOutput<typeof Told> | undefined> {
  if (!/^[A-Za-z0-9._-]+$/.test(name)) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const child = spawn(`docker-credential-${name}`, ["get"], { stdio: ["pipe", "pipe", "ignore"], signal });
    let said = "";
    child.once("error", () => resolve(undefined));
    child.stdin.on("error", () => {});
    child.stdin.end(server);
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.length > loginBytesMax) child.kill();
    });
    child.once("close", (code) => resolve(code === 0 ? toldIn(said) : undefined));
  });
}

function toldIn(text: string): v.InferOutput<typeof Told> | undefined {
  try {
    const parsed = v.safeParse(Told, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
