import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { Deployment } from '../deployment.ts';
import { ask, type ProbeGroup } from '../probe.ts';

/** Too far away for a real movie, so that a probe that is killed leaves nothing that anybody would find. */
const probeYear = 2099;
const everything = 'movies/read movies/write';

const aMovie = () => ({
  year: probeYear,
  title: `Probe ${randomUUID()}`,
  info: { plot: 'Written by a probe, to be read back and removed.', rating: 5.5, genres: ['Drama'] },
});

export async function checkNoToken(deployment: Deployment): Promise<void> {
  const { status, headers, json } = await ask(deployment, `/movies?year=${probeYear}`);

  expect({ status, json, challenge: headers.get('www-authenticate') }).toEqual({
    status: 401,
    json: expect.objectContaining({ status: 401 }),
    challenge: expect.stringMatching(/^Bearer/),
  });
}

export async function checkForgedToken(deployment: Deployment): Promise<void> {
  const [header = '', payload = ''] = (await deployment.token(everything)).split('.');
  const forged = `Bearer ${header}.${payload}.${Buffer.alloc(256, 1).toString('base64url')}`;

  const { status } = await ask(deployment, '/movies', { headers: { authorization: forged } });

  expect(status).toBe(401);
}

export async function checkWrongScope(deployment: Deployment): Promise<void> {
  const movie = aMovie();

  const write = await ask(deployment, '/movies', { method: 'POST', scope: 'movies/read', body: movie });
  const read = await ask(deployment, '/movies', { scope: 'movies/write' });

  expect([write.status, read.status]).toEqual([403, 403]);
}

export async function checkRightScope(deployment: Deployment): Promise<void> {
  const { status, json } = await ask(deployment, `/movies?year=${probeYear}`, { scope: 'movies/read' });

  expect({ status, json }).toEqual({
    status: 200,
    json: expect.objectContaining({ movies: expect.any(Array) }),
  });
}

export async function checkWriteIsReadBack(deployment: Deployment): Promise<void> {
  const movie = aMovie();
  const path = `/movies/${movie.year}/${encodeURIComponent(movie.title)}`;
  // Another task may remember for a second what was true before.
  const now = { scope: 'movies/read', headers: { 'cache-control': 'no-cache' } };
  const created = await ask(deployment, '/movies', { method: 'POST', scope: everything, body: movie });

  const found = await ask(deployment, path, now);
  const removed = await ask(deployment, path, { method: 'DELETE', scope: everything });
  const gone = await ask(deployment, path, now);

  expect(found.json).toEqual(movie);
  expect([created.status, found.status, removed.status, gone.status]).toEqual([201, 200, 204, 404]);
  expect(found.headers.get('etag')).toBe(created.headers.get('etag'));
}

export const accessProbes: ProbeGroup = {
  name: 'access',
  probes: {
    'no token: 401 with a challenge': checkNoToken,
    'a forged signature: 401': checkForgedToken,
    'the wrong scope: 403, for reading and for writing': checkWrongScope,
    'the right scope: 200': checkRightScope,
    'what is written is read back, and gone after it was removed': checkWriteIsReadBack,
  },
};
