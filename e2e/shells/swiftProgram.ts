// OpenStack Swift with its S3 API, from Debian's packages: a second S3 server, written by others and stricter than the first.
// Prints where its bucket is, as JSON, and ends with its standard input. It needs swift-proxy, swift-account, swift-container
// and swift-object; they read /etc/swift/swift.conf as the package brings it.

import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { AwsClient } from "aws4fetch";
import { startMs } from "../limits.ts";
import { removeFolder, temporaryFolder } from "./temporary.ts";

const folder = temporaryFolder();
const { username } = userInfo();
const servers = ["account", "container", "object"] as const;
const ports = await freePorts(servers.length + 1);
const secretAccessKey = randomBytes(20).toString("hex");

function common(port: number | undefined, more: string): string {
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${username}
swift_dir = ${folder}
devices = ${join(folder, "devices")}
mount_check = false
disable_fallocate = true
log_level = WARNING
[pipeline:main]
${more}`;
}

servers.forEach((server, index) => {
  const builder = join(folder, `${server}.builder`);
  const ring = (...args: readonly string[]) =>
    execFileSync("swift-ring-builder", [builder, ...args], { stdio: "pipe" });
  mkdirSync(join(folder, "devices", "disk"), { recursive: true });
  ring("create", "6", "1", "1");
  ring("add", `r1z1-127.0.0.1:${ports[index]}/disk`, "1");
  ring("rebalance");
  const conf = `pipeline = ${server}-server\n[app:${server}-server]\nuse = egg:swift#${server}\n[${server}-replicator]\n`;
  writeFileSync(join(folder, `${server}.conf`), common(ports[index], conf));
});
const port = ports.at(-1);
writeFileSync(
  join(folder, "proxy.conf"),
  common(
    port,
    `pipeline = catch_errors cache listing_formats bulk s3api tempauth copy slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_longshore_test = ${secretAccessKey} .admin
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
dns_compliant_bucket_names = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
`,
  ),
);

const children = [...servers, "proxy"].map((server) =>
  spawn(`swift-${server}-server`, [join(folder, `${server}.conf`)], { stdio: ["ignore", "ignore", "inherit"] }),
);
const ends = children.map((child) => once(child, "exit"));
async function stop(): Promise<void> {
  for (const child of children) child.kill("SIGKILL");
  await Promise.allSettled(ends);
  removeFolder(folder);
  process.exit();
}
void Promise.race(ends).then(stop);
process.stdin.resume().once("end", stop);
process.once("SIGTERM", stop);

const name = "longshore";
const endpoint = `http://127.0.0.1:${port}`;
const accessKeyId = "longshore:test";
const client = new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region: "us-east-1" });
const deadline = Date.now() + startMs;
for (;;) {
  try {
    const made = await client.fetch(`${endpoint}/${name}`, { method: "PUT" });
    await made.arrayBuffer();
    if (made.ok) break;
    throw new Error(`The bucket was not made: ${made.status}.`);
  } catch (error) {
    if (Date.now() > deadline) throw error;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
console.log(JSON.stringify({ endpoint, name, accessKeyId, secretAccessKey }));

async function freePorts(count: number): Promise<readonly number[]> {
  const open = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  return Promise.all(
    open.map(async (server) => {
      const address = server.address();
      await new Promise((resolve) => server.close(resolve));
      if (address === null || typeof address === "string") throw new Error("There is no free port.");
      return address.port;
    }),
  );
}
