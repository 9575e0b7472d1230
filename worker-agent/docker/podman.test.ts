// What Podman is told instead; the agent on a real Podman is tried by hand.

import { expect, test } from "vitest";
import { forPodman } from "./podman.ts";

test("Podman is told of a log driver that it has, and of settings instead of writable paths", () => {
  const holder = { Image: "i", HostConfig: { Memory: 1, LogConfig: { Type: "none" }, ReadonlyPaths: ["/proc/bus"] } };
  expect(forPodman(holder)).toEqual({
    Image: "i",
    HostConfig: {
      Memory: 1,
      LogConfig: { Type: "none" },
      Sysctls: expect.objectContaining({ "net.ipv4.conf.all.rp_filter": "0" }),
    },
  });
  expect(forPodman({ HostConfig: { LogConfig: { Type: "local" } } })).toEqual({
    HostConfig: { LogConfig: { Type: "k8s-file" } },
  });
});
