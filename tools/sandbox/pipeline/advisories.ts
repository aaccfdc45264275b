import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Problem } from '../../../app/src/commands/problem.ts';
import { writeBoltFile } from './bolt-file.ts';

const run = promisify(execFile);
const layerType = 'application/vnd.aquasec.trivy.db.layer.v1.tar+gzip';
const emptyConfig = Buffer.from('{}');

/** A vulnerability of a Debian package, by the name of its source. */
export interface PackageAdvisory {
  readonly id: string;
  readonly title: string;
  readonly source: string;
  /** The first version without it. */
  readonly fixedIn: string;
}

/**
 * Publishes a database of advisories in the form of Trivy's own (schema 2, an OCI artifact), where Trivy finds it by
 * `TRIVY_DB_REPOSITORY`. Resolves with that variable's value; each database replaces the one before.
 *
 * @param registry host and port, in plain HTTP
 * @param system the operating system as Trivy calls it, such as `debian 12`
 */
export async function publishAdvisories(
  registry: string,
  system: string,
  advisories: readonly PackageAdvisory[],
): Promise<string> {
  const layer = await writeDatabase(system, advisories);
  const repository = `http://${registry}/v2/advisories`;
  const config = {
    mediaType: 'application/vnd.oci.empty.v1+json',
    ...(await upload(repository, emptyConfig)),
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config,
    layers: [
      {
        mediaType: layerType,
        ...(await upload(repository, layer)),
        annotations: { 'org.opencontainers.image.title': 'db.tar.gz' },
      },
    ],
  };
  await send(`${repository}/manifests/2`, 'PUT', manifest.mediaType, Buffer.from(JSON.stringify(manifest)));
  return `${registry}/advisories:2`;
}

async function writeDatabase(system: string, advisories: readonly PackageAdvisory[]): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'advisories-'));
  try {
    const sources = [...new Set(advisories.map(({ source }) => source))];
    const database = writeBoltFile({
      'data-source': { [system]: JSON.stringify({ ID: 'debian', Name: 'Made for pipeline-local', URL: '' }) },
      [system]: Object.fromEntries(
        sources.map((source) => [
          source,
          Object.fromEntries(
            advisories
              .filter((advisory) => advisory.source === source)
              .map(({ id, fixedIn }) => [id, JSON.stringify({ FixedVersion: fixedIn })]),
          ),
        ]),
      ),
      vulnerability: Object.fromEntries(
        advisories.map(({ id, title }) => [id, JSON.stringify({ Title: title, Severity: 'HIGH' })]),
      ),
    });
    await writeFile(join(folder, 'trivy.db'), database);
    const now = Date.now();
    const dates = { UpdatedAt: new Date(now), NextUpdate: new Date(now + 86_400_000) };
    await writeFile(join(folder, 'metadata.json'), JSON.stringify({ Version: 2, ...dates }));
    await run('tar', ['-czf', 'db.tar.gz', 'trivy.db', 'metadata.json'], { cwd: folder });
    return await readFile(join(folder, 'db.tar.gz'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** As the distribution specification says: ask for a place, then put the content there. */
async function upload(repository: string, content: Buffer): Promise<{ digest: string; size: number }> {
  const begun = await send(`${repository}/blobs/uploads/`, 'POST');
  const place = new URL(begun.headers.get('location') ?? '', repository);
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  place.searchParams.set('digest', digest);
  await send(place.href, 'PUT', 'application/octet-stream', content);
  return { digest, size: content.length };
}

async function send(url: string, method: string, type?: string, content?: Buffer): Promise<Response> {
  const response = await fetch(url, {
    method,
    ...(type === undefined ? {} : { headers: { 'content-type': type } }),
    ...(content === undefined ? {} : { body: new Uint8Array(content) }),
  });
  if (response.ok) return response;
  throw new Problem(
    `The registry takes no advisories: ${method} ${url} ${response.status}.`,
    await response.text(),
  );
}
