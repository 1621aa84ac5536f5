/**
 * Stands in for `ajv`, 44 ms of start-up. The SDK's server uses it only for answers to elicitation, which this project
 * never asks for. The SDK's client does use it, for tools that have an output schema: a Client inside the bundle must
 * be given a `jsonSchemaValidator` of its own.
 */
export default class Ajv {
  getSchema() {
    return undefined;
  }

  compile() {
    throw new Error('ajv is not in this bundle: give the SDK object a jsonSchemaValidator of its own.');
  }
}

export { Ajv };
