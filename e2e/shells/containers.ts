// What the Docker engine says of a job's containers, asked without our agent.

import Docker from "dockerode";

const docker = new Docker();

/** States of the job's containers, running or not; empty once they are gone. */
export function containersOf(job: string): Promise<string[]> {
  const filters = { label: [`longshore.job=${job}`] };
  return docker.listContainers({ all: true, filters }).then((found) => found.map(({ State }) => State));
}
