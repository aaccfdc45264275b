/** Raw AWS requests, as the SDKs of the provider send them; moto looks at no signature. */
export interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

export interface RawClient {
  /** A JSON service: `target` is `Prefix.Action`. */
  readonly json: (service: string, target: string, body: object) => Promise<RawAnswer>;
  readonly form: (service: string, fields: Readonly<Record<string, string>>) => Promise<RawAnswer>;
  readonly rest: (service: string, method: string, path: string, body?: string) => Promise<RawAnswer>;
  /** Makes an S3 bucket. */
  readonly bucket: (name: string) => Promise<RawAnswer>;
}

export function createRawClient(url: string): RawClient {
  const send = async (service: string, path: string, init: RequestInit): Promise<RawAnswer> => {
    const scope = `Credential=test/20260101/eu-west-1/${service}/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=none`;
    const response = await fetch(new URL(path, url), {
      ...init,
      headers: { ...(init.headers as Record<string, string> | undefined), authorization },
    });
    return { status: response.status, text: await response.text() };
  };
  const location = '<LocationConstraint>eu-west-1</LocationConstraint>';
  const where = `<CreateBucketConfiguration>${location}</CreateBucketConfiguration>`;
  return {
    bucket: (name) => send('s3', `/${name}`, { method: 'PUT', body: where }),
    json: (service, target, body) =>
      send(service, '/', {
        method: 'POST',
        headers: { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.1' },
        body: JSON.stringify(body),
      }),
    form: (service, fields) => send(service, '/', { method: 'POST', body: new URLSearchParams(fields) }),
    rest: (service, method, path, body) =>
      send(service, path, { method, ...(body === undefined ? {} : { body }) }),
  };
}

/** The body of an answer that must be fine. */
export function bodyOf({ status, text }: RawAnswer): unknown {
  if (status !== 200) throw new Error(`status ${status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
