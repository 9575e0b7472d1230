// Jobs for a first try. On a machine of one's own the images are those that the set-up has made; elsewhere public ones.

import type { JsonObject } from "../url/codec.ts";

export interface Example {
  readonly name: string;
  readonly about: string;
  readonly job: JsonObject;
  readonly inputs?: Readonly<Record<string, string>>;
}

const python = `import os, platform, sys

print("Python", platform.python_version())
names = sorted(os.listdir(os.environ["JOB_INPUTS"]))
print("files that came in:", ", ".join(names))
with open(os.path.join(os.environ["JOB_OUTPUTS"], "squares.csv"), "w") as out:
    out.write("n,square\\n")
    for n in range(1, 101):
        out.write(f"{n},{n * n}\\n")
`;
const r = `x <- c(2.1, 3.4, 1.9, 4.4, 3.8)
print(summary(x))
write.csv(data.frame(x = x), file.path(Sys.getenv("JOB_OUTPUTS"), "x.csv"), row.names = FALSE)
`;
const plot = `import math, os

points = " ".join(f"{x},{120 - 90 * math.sin(x / 30) * math.exp(-x / 400):.1f}" for x in range(0, 600, 2))
with open(os.path.join(os.environ["JOB_OUTPUTS"], "wave.svg"), "w") as out:
    out.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 240">')
    out.write('<rect width="600" height="240" fill="#f7f9fc"/>')
    out.write('<line x1="0" y1="120" x2="600" y2="120" stroke="#c4ccd8"/>')
    out.write(f'<polyline points="{points}" fill="none" stroke="#1f5f99" stroke-width="3"/></svg>')
print("drawn")
`;

export function examples(isLocal: boolean): readonly Example[] {
  const [shellImage, pythonImage] = isLocal
    ? ["longshore/shell", "longshore/python"]
    : ["busybox:1.37", "python:3.13-alpine"];
  return [
    {
      name: "Python",
      about: "a script that writes a table",
      job: { image: pythonImage, command: "python3 /inputs/main.py" },
      inputs: { "main.py": python },
    },
    {
      name: "R",
      about: "a summary of numbers",
      job: { image: "r-base:4.5.1", command: "Rscript /inputs/main.R" },
      inputs: { "main.R": r },
    },
    {
      name: "Shell",
      about: "a line that greets",
      job: { image: shellImage, command: `sh -c "echo Hello from a container | tee /outputs/hello.txt"` },
    },
    {
      name: "A plot",
      about: "a picture that a program draws",
      job: { image: pythonImage, command: "python3 /inputs/plot.py" },
      inputs: { "plot.py": plot },
    },
    {
      name: "A build from git",
      about: "an image made of a repository",
      job: { build: { context: "https://github.com/docker-library/hello-world/tree/master/amd64/hello-world" } },
    },
  ];
}
