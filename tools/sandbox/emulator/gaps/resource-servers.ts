import { json } from '../answers.ts';
import type { Gap } from '../gap.ts';

/** Deletion of a user pool's resource server. Nothing asks for one again once Terraform has deleted it. */
export const createResourceServers = (): Gap => ({
  reason: 'moto makes and reads resource servers but deletes them with their pool only',
  answers: { 'cognito-idp.DeleteResourceServer': () => json({}) },
});
