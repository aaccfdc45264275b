import { once } from 'node:events';
import { type IncomingMessage, request, type RequestOptions } from 'node:http';
import { text } from 'node:stream/consumers';
import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';
import { createProbe, describeProbe, limits, parseMovie } from './outside-caller.ts';

/**
 * The outside probe as AWS Lambda runs it, in the image of the service: one probe for each event, one line of JSON for each
 * probe. What an event says is of no matter. `npm run outside-probe` is the same probe for a person or another scheduler.
 */
const keepTokenMs = 300_000;
const timeoutMs = 10_000;

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

/** The current value of a secret, for the role that Lambda gives by the environment. A client of the SDK would be most of the bundle. */
async function readSecret(id: string): Promise<string> {
  const region = setting('AWS_REGION');
  const url = new URL(
    process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] ?? `https://secretsmanager.${region}.amazonaws.com`,
  );
  const body = JSON.stringify({ SecretId: id });
  const { headers } = await new SignatureV4({
    service: 'secretsmanager',
    region,
    credentials: {
      accessKeyId: setting('AWS_ACCESS_KEY_ID'),
      secretAccessKey: setting('AWS_SECRET_ACCESS_KEY'),
      sessionToken: setting('AWS_SESSION_TOKEN'),
    },
    sha256: Hash.bind(null, 'sha256'),
  }).sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    path: '/',
    headers: {
      host: url.host,
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'secretsmanager.GetSecretValue',
    },
    body,
  });
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body,
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer = (await response.json()) as { SecretString?: string; __type?: string };
  if (answer.SecretString === undefined)
    throw new Error(`Secrets Manager answers ${response.status} ${answer.__type ?? ''}`);
  return answer.SecretString;
}

/** A call of Lambda's runtime interface. Without a time limit: the next event may be hours away. */
async function call(path: string, options: RequestOptions = {}, body = ''): Promise<IncomingMessage> {
  const asked = request(`http://${setting('AWS_LAMBDA_RUNTIME_API')}/2018-06-01/runtime/${path}`, options);
  asked.end(body);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return answer;
}

const movie = parseMovie(setting('PROBE_MOVIE'));
if (movie === undefined) throw new Error('PROBE_MOVIE is a year and a title, such as "1994/Pulp Fiction"');
const probe = createProbe(
  {
    ...limits,
    movie,
    url: setting('PROBE_URL'),
    tokenEndpoint: setting('PROBE_TOKEN_ENDPOINT'),
    client: { id: setting('PROBE_CLIENT_ID'), secret: () => readSecret(setting('PROBE_CLIENT_SECRET_ARN')) },
  },
  { keepTokenMs },
);

for (;;) {
  const event = await call('invocation/next');
  await text(event);
  const line = describeProbe(await probe());
  console.log(line);
  const id = String(event.headers['lambda-runtime-aws-request-id']);
  await text(await call(`invocation/${id}/response`, { method: 'POST' }, line));
}
