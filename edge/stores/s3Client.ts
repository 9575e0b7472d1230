// How the edge reaches an S3-compatible store, and what it calls things there.

import { S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import type { BlobKey } from "../../wire/ids.ts";
import type { StorePlatform } from "./platform.ts";

export interface S3Settings {
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** For anything that is not AWS; addresses are then path-style. */
  readonly endpoint?: string | undefined;
  /** The least size of all parts but the last of a large blob. */
  readonly partBytes?: number;
}

/** Below it lie bodies that are not checked yet; the bucket's lifecycle removes what was left behind. */
export const temporaryPrefix = "tmp/";

/** A client as this platform connects, and as stores other than AWS understand it. */
export function s3Client(
  { region, accessKeyId, secretAccessKey, endpoint }: Omit<S3Settings, "bucket">,
  { connections }: Pick<StorePlatform, "connections">,
): S3Client {
  return new S3Client({
    region,
    credentials: { accessKeyId, secretAccessKey },
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    // Otherwise the SDK frames bodies with a trailer that many S3-compatible servers store as content, and presigns a
    // checksum of an empty body.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // It writes to the console what its caller is thrown anyway.
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    ...connections,
  });
}

function ignore(): void {}

export function objectKey(key: BlobKey): string {
  return `f/${key}`;
}

/** Undefined where the store says that there is no such object. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.$metadata.httpStatusCode === 404 || error.name === "NoSuchKey");
}
