// Who reads what the command prints may go before it ends: `longshore agent --help | head`, or a log's program that dies.

/** What the command does goes on; what it still prints is lost. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}
