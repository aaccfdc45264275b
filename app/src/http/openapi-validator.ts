// A CommonJS package has other names when it is imported late, by a bundle and by Node.js; this module's stay.
export { error, middleware } from 'express-openapi-validator';
