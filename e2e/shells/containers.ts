// What the Docker engine says of a job's containers, asked without our agent.

import Docker from "dockerode";

const docker = new Docker();

/** States of the job's containers, running or not; empty once they are gone. */
export async function containersOf(job: string): Promise<string[]> {
  const containers = await docker.listContainers({ all: true, filters: { label: [`longshore.job=${job}`] } });
  return containers.map(({ State }) => State);
}
