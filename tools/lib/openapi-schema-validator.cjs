/** In place of express-openapi-validator's: see checked-contract.ts. */
/* global exports */
exports.OpenAPISchemaValidator = class {
  validate() {
    throw new Error('The contract is validated before it is bundled, not while the service runs.');
  }
};
