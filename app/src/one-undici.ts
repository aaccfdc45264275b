/**
 * What the bundle takes for the globals of these names (tools/lib/bundle.ts). Behind them Node.js has an undici of its own, which
 * is loaded when one of them is first looked at: beside the SDK's, 12 to 15 ms of each start and 2 MB for the same once more.
 */
export { fetch, Headers } from 'undici';
