import { refusal } from '../answers.ts';
import { path, type Answer, type Call } from '../call.ts';
import type { Gap } from '../gap.ts';

/** Bucket policies, by bucket. */
export function createBucketPolicies(): Gap {
  const policies = new Map<string, Buffer>();
  return {
    reason:
      'moto applies the denials of a bucket policy and ignores their conditions: a bucket that denies plain HTTP denies everything',
    answers: {
      's3.PutBucketPolicy': (call) => {
        policies.set(bucketOf(call), call.body);
        return done;
      },
      's3.GetBucketPolicy': (call) => {
        const policy = policies.get(bucketOf(call));
        return policy
          ? { status: 200, headers: { 'content-type': 'application/json' }, body: policy }
          : refusal(call, 'NoSuchBucketPolicy', 'The bucket policy does not exist', 404);
      },
      's3.DeleteBucketPolicy': (call) => {
        policies.delete(bucketOf(call));
        return done;
      },
      's3.DeleteBucket': (call, forward) => {
        policies.delete(bucketOf(call));
        return forward(call);
      },
    },
  };
}

const done: Answer = { status: 204, headers: {}, body: Buffer.alloc(0) };

const bucketOf = ({ url }: Call): string => path(url).split('/')[1] ?? '';
