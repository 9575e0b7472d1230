// What Podman's Docker-compatible socket must be told in other words: it has no log driver `local`, and no say in which paths of
// /proc are read-only, so what a holder would write there is set at its creation. Pure.

interface Body {
  readonly HostConfig?: {
    readonly LogConfig?: { readonly Type: string };
    readonly ReadonlyPaths?: readonly string[];
  };
}

/** What the script of a fence sets, for a namespace that has its interface before its first process begins. */
const fenceSettings = {
  "net.ipv4.conf.all.rp_filter": "0",
  "net.ipv4.conf.eth0.rp_filter": "0",
  "net.ipv6.conf.all.disable_ipv6": "1",
  "net.ipv6.conf.eth0.disable_ipv6": "1",
};

/** The body of POST /containers/create as Podman takes it. */
export function forPodman({ HostConfig = {}, ...body }: Body): object {
  const { LogConfig, ReadonlyPaths, ...others } = HostConfig;
  return {
    ...body,
    HostConfig: {
      ...others,
      ...(LogConfig === undefined ? {} : { LogConfig: LogConfig.Type === "local" ? { Type: "k8s-file" } : LogConfig }),
      ...(ReadonlyPaths === undefined ? {} : { Sysctls: fenceSettings }),
    },
  };
}
