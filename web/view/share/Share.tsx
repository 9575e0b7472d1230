// Ways to take this job elsewhere.

import { CopyText } from "../CopyText.tsx";
import type { ViewProps } from "../shell.ts";

export function Share({ page }: ViewProps) {
  page.address.parameters.value;
  return <CopyText text={location.href} label="the link" />;
}
