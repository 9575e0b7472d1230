// Node's HTTP. Importing node:http as a module reads all that it exports, and with its WebSocket loads a second HTTP client of
// several MiB that no agent uses; asked for like this it comes alone.

export const http = process.getBuiltinModule("node:http");
export const https = process.getBuiltinModule("node:https");
