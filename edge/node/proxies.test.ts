import { expect, test } from "vitest";
import { senderOf, type TrustedProxies } from "./proxies.ts";

const one: TrustedProxies = { trusted: { hops: 1 }, header: "x-forwarded-for" };
const two: TrustedProxies = { trusted: { hops: 2 }, header: "x-forwarded-for" };
const named: TrustedProxies = { trusted: { ranges: ["10.0.0.0/8", "127.0.0.1/32"] }, header: "x-forwarded-for" };
const standard: TrustedProxies = { trusted: { hops: 1 }, header: "forwarded" };

test.each([
  ["nobody is trusted unless it is said", undefined, "203.0.113.1"],
  ["one proxy's word counts, and no client's own before it", one, "203.0.113.1"],
  ["the word of two counts", two, "198.51.100.9"],
  ["proxies are known by their addresses, up to the first stranger", named, "203.0.113.1"],
])("%s", (_what, proxies, address) => {
  const remoteAddress = proxies ? "127.0.0.1" : "203.0.113.1";
  const headers = { "x-forwarded-for": "1.1.1.1, 198.51.100.9, 203.0.113.1" };
  expect(senderOf({ remoteAddress, headers }, proxies).address).toBe(address);
});

test("a stranger that connects past the proxies is believed nothing", () => {
  const headers = { "x-forwarded-for": "1.1.1.1", "x-forwarded-host": "longshore.example" };
  expect(senderOf({ remoteAddress: "203.0.113.1", headers }, named)).toEqual({
    address: "203.0.113.1",
    host: undefined,
  });
});

test.each([
  ["1.2.3.4", "1.2.3.4"],
  ["1.2.3.4:4711", "1.2.3.4"],
  ["2001:db8::1", "2001:db8::1"],
  ["[2001:db8::1]:4711", "2001:db8::1"],
  ["::ffff:1.2.3.4", "1.2.3.4"],
  ["unknown", "127.0.0.1"],
  ["1.2.3.4.example", "127.0.0.1"],
  [",", "127.0.0.1"],
  ["", "127.0.0.1"],
])("X-Forwarded-For: %s means %s", (text, address) => {
  const sender = senderOf({ remoteAddress: "127.0.0.1", headers: { "x-forwarded-for": text } }, one);
  expect(sender.address).toBe(address);
});

test.each([
  ["for=1.2.3.4", "1.2.3.4", undefined],
  ['For="[2001:db8:cafe::17]:4711";proto=https;host=longshore.example', "2001:db8:cafe::17", "longshore.example"],
  ['for=9.9.9.9;host=evil.example, for=1.2.3.4;host="longshore.example:8443"', "1.2.3.4", "longshore.example:8443"],
  ['for="_gazonk"', "127.0.0.1", undefined],
  ['for="a,b;c";host=x', "127.0.0.1", undefined],
  ["host=longshore.example", "127.0.0.1", undefined],
])("Forwarded: %s means %s", (text, address, host) => {
  const headers = { forwarded: text, "x-forwarded-for": "6.6.6.6", "x-forwarded-host": "evil.example" };
  expect(senderOf({ remoteAddress: "127.0.0.1", headers }, standard)).toMatchObject({ address, host });
});

test("only the header that the proxies write is read", () => {
  const headers = { forwarded: "for=6.6.6.6" };
  expect(senderOf({ remoteAddress: "127.0.0.1", headers }, one).address).toBe("127.0.0.1");
});
