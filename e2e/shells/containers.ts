// What the Docker engine says of a job's containers, asked without our agent.

import Docker from "dockerode";

const docker = new Docker();

/** States of the job's containers, running or not; empty once they are gone. */
export function containersOf(job: string): Promise<string[]> {
  // By name: one that was parked has no label of its job.
  const filters = { name: [`-${job.slice(0, 16)}-`] };
  return docker.listContainers({ all: true, filters }).then((found) => found.map(({ State }) => State));
}

/** Removes images that a test's builds have left, by a label that only they have. */
export function removeImages(label: string): Promise<unknown> {
  return docker
    .listImages({ filters: { label: [label] } })
    .then((images) => Promise.all(images.map(({ Id }) => docker.getImage(Id).remove({ force: true }))));
}
