// Which host names are this machine itself.

/** True for localhost, its subdomains, 127/8 and ::1: addresses that only this machine can be reached by. */
export function isLoopbackHost(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/^\[|\]$/g, "");
  return host === "localhost" || host.endsWith(".localhost") || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
