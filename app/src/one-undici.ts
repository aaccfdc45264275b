/**
 * What the bundle takes for the globals of these names (tools/build/bundle.ts). Node.js has a copy of undici of its own behind them, which is loaded when
 * one of them is first looked at: with the SDK's beside it, 10 ms of each start and 2 MB for two of the same.
 */
export { fetch, Headers } from 'undici';
