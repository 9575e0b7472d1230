// What a frame of this page asks its page to let it do. metaframe.json says the same.

export const frameAllow =
  "clipboard-write; clipboard-read; fullscreen; loopback-network; local-network; local-network-access";
