import { expect, test } from "vitest";
import { clientOfAddress, isAllowedAddress, literalAddress, rangeFault } from "./addresses.ts";

test.each([
  "127.0.0.1",
  "127.8.9.1",
  "0.0.0.0",
  "10.0.0.1",
  "172.16.5.4",
  "192.168.1.1",
  "100.64.0.1",
  "169.254.169.254",
  "168.63.129.16",
  "224.0.0.1",
  "255.255.255.255",
  "192.0.2.1",
  "::",
  "::1",
  "::ffff:10.0.0.1",
  "::ffff:127.0.0.1",
  "64:ff9b::a00:1",
  "2002:a00:1::",
  "fe80::1",
  "fc00::1",
  "fd00:ec2::254",
  "ff02::1",
  "not an address",
  "172.16.0.1",
  "172.31.255.255",
  "100.100.100.200",
  "192.0.0.192",
  "198.18.0.1",
  "::ffff:a9fe:a9fe",
  "64:ff9b::7f00:1",
  "2002:7f00:1::",
  "%s is fine",
])("%s is not allowed", (address) => {
  expect(isAllowedAddress(address, [])).toBe(false);
});

test.each(["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1"])("%s is allowed", (address) => {
  expect(isAllowedAddress(address, [])).toBe(true);
  expect(isAllowedAddress(address, [], ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111"])).toBe(false);
});

test("an operator's range is allowed, and no more than it", () => {
  expect(isAllowedAddress("10.1.2.3", ["10.1.0.0/16"])).toBe(true);
  expect(isAllowedAddress("::ffff:10.1.2.3", ["10.1.0.0/16"])).toBe(true);
  expect(isAllowedAddress("10.2.0.1", ["10.1.0.0/16", "fd00::/8"])).toBe(false);
  expect(isAllowedAddress("fd12::1", ["fd00::/8"])).toBe(true);
});

test.each([
  ["10.0.0.1", "10.0.0.1"],
  ["[::1]", "::1"],
  ["localhost", "127.0.0.1"],
  ["any.localhost", "127.0.0.1"],
  ["localhost.", "127.0.0.1"],
  ["example.org", undefined],
])("the host %s stands for the address %s", (host, address) => {
  expect(literalAddress(host)).toBe(address);
});

test("an IPv6 client is its /64, an IPv4 client its address, and loopback nobody", () => {
  expect(clientOfAddress("2001:db8:1:2::1")).toBe(clientOfAddress("2001:db8:1:2:ffff::2"));
  expect(clientOfAddress("2001:db8:1:2::1")).not.toBe(clientOfAddress("2001:db8:1:3::1"));
  expect(clientOfAddress("::ffff:203.0.113.7")).toBe(clientOfAddress("203.0.113.7"));
  expect(clientOfAddress("203.0.113.7")).not.toBe(clientOfAddress("203.0.113.8"));
  for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1", "nonsense"]) {
    expect(clientOfAddress(address)).toBeUndefined();
  }
});

test("a range is named as CIDR", () => {
  expect(rangeFault("10.0.0.0/8")).toBeUndefined();
  expect(rangeFault("10.0.0.1")).toContain("10.0.0.1");
});
