import { expect, test } from "vitest";
import { followLocalPermission } from "./localPermission.ts";

/** A browser that knows some names, as the state that it has for them. */
function browser(states: Readonly<Record<string, PermissionState>>) {
  const asked: { state: PermissionState } = { state: "prompt" };
  const status = Object.assign(new EventTarget(), { name: "", onchange: null }, asked);
  return {
    status,
    permissions: {
      query: async ({ name }: { name: string }) => {
        const state = states[name];
        if (!state) throw new TypeError(`${name} is not a permission`);
        return Object.assign(status, { state });
      },
    },
  };
}

test.each([
  [{ "loopback-network": "denied", "local-network-access": "granted" }, "denied"],
  [{ "local-network-access": "prompt" }, "prompt"],
  [{}, "unknown"],
] as const)("of %j, this computer's is %s", async (states, expected) => {
  const followed = followLocalPermission(browser(states).permissions);
  await expect.poll(() => followed.value).toBe(expected);
});

test("it follows a person's change of mind, and a browser without permissions is none", async () => {
  const { permissions, status } = browser({ "loopback-network": "denied" });
  const followed = followLocalPermission(permissions);
  await expect.poll(() => followed.value).toBe("denied");
  status.state = "granted";
  status.dispatchEvent(new Event("change"));
  expect(followed.value).toBe("granted");
  expect(followLocalPermission(undefined).value).toBe("unknown");
});
