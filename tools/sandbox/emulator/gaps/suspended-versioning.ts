import { path, type Answer, type Call } from '../call.ts';
import type { Gap } from '../gap.ts';

/** Buckets whose versioning was enabled, and then suspended. */
export function createSuspendedVersioning(): Gap {
  const enabled = new Set<string>();
  const suspended = new Set<string>();
  return {
    reason:
      'moto takes a suspended bucket for one without versions: emptying it, as a destroy does, crashes at the first delete marker',
    answers: {
      's3.CreateBucket': (call, forward) => {
        enabled.delete(bucketOf(call));
        suspended.delete(bucketOf(call));
        return forward(call);
      },
      's3.PutBucketVersioning': (call, forward) => {
        const bucket = bucketOf(call);
        if (call.body.includes('<Status>Suspended</Status>') && enabled.has(bucket)) {
          suspended.add(bucket);
          return answer('');
        }
        if (call.body.includes('<Status>Enabled</Status>')) enabled.add(bucket);
        suspended.delete(bucket);
        return forward(call);
      },
      's3.GetBucketVersioning': (call, forward) =>
        suspended.has(bucketOf(call))
          ? answer('<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>')
          : forward(call),
    },
  };
}

const answer = (body: string): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: Buffer.from(body),
});

const bucketOf = ({ url }: Call): string => path(url).split('/')[1] ?? '';
