import { launch } from './compiled-service.ts';

/** What a container starts: the bundle of the service, with what V8 made of it before. */
launch(__dirname);
