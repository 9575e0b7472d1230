// Docker's multiplexed log stream: frames of an 8-byte header (stream, 0, 0, 0, big-endian length) and a payload.
// Payloads are passed on as views of what came, without copying.
// https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach

export type LogStream = "stdout" | "stderr";

const headerBytes = 8;

export class Demultiplexer {
  readonly #onPayload: (stream: LogStream, payload: Buffer) => void;
  readonly #header = Buffer.alloc(headerBytes);
  #headerFilled = 0;
  #payloadLeft = 0;
  #stream: LogStream = "stdout";

  constructor(onPayload: (stream: LogStream, payload: Buffer) => void) {
    this.#onPayload = onPayload;
  }

  /** @throws when the bytes are no multiplexed stream. */
  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft === 0) {
        at += this.#takeHeader(chunk, at);
      } else {
        const payload = chunk.subarray(at, at + this.#payloadLeft);
        this.#payloadLeft -= payload.length;
        at += payload.length;
        this.#onPayload(this.#stream, payload);
      }
    }
  }

  #takeHeader(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#header, this.#headerFilled, at, at + headerBytes - this.#headerFilled);
    this.#headerFilled += taken;
    if (this.#headerFilled === headerBytes) {
      this.#headerFilled = 0;
      const kind = this.#header[0];
      if (kind === undefined || kind > 3) throw new Error(`Docker's log stream has no stream ${kind}.`);
      // 0 is stdin, which Docker writes on stdout; 3 is the engine's own error.
      this.#stream = kind >= 2 ? "stderr" : "stdout";
      this.#payloadLeft = this.#header.readUInt32BE(4);
    }
    return taken;
  }
}
