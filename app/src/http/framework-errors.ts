import { HttpProblem } from './problem.ts';

/** What Express and its body parser throw. Undefined for anything else. */
export function toFrameworkProblem(error: unknown): HttpProblem | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof URIError) {
    return new HttpProblem(400, 'The address is not well-formed.', {
      faults: [{ in: 'path', message: 'is not percent-encoded UTF-8' }],
    });
  }
  if (!('status' in error)) return undefined;
  return toBodyProblem('type' in error ? String(error.type) : '', Number(error.status));
}

/** https://github.com/expressjs/body-parser#errors. Its messages quote the body; these don't. */
function toBodyProblem(type: string, status: number): HttpProblem | undefined {
  const fault = (message: string) => ({ faults: [{ in: 'body' as const, message }] });
  switch (type) {
    case 'entity.too.large':
      return new HttpProblem(413, 'The body is larger than 100 kB.');
    case 'entity.parse.failed':
      return new HttpProblem(400, 'The body is not valid JSON.', fault('is not valid JSON'));
    case 'encoding.unsupported':
      return new HttpProblem(415, 'The Content-Encoding of the body is not supported.');
    case 'charset.unsupported':
      return new HttpProblem(415, 'The body must be in UTF-8.');
    default:
      if (status !== 400) return undefined;
      return new HttpProblem(400, 'The body could not be read.', fault('could not be read'));
  }
}
