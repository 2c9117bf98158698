import type { Step } from '../flow/step.ts';
import { activationCode } from './activation-code/step.ts';
import { broker } from './broker/step.ts';
import { firstAdministrator } from './first-administrator/step.ts';
import { newPassword } from './new-password/step.ts';
import { passwordNotice } from './password-notice/step.ts';
import { organisation } from './organisation/step.ts';
import { passkey } from './passkey/step.ts';
import { password } from './password/step.ts';
import { profile } from './profile/step.ts';
import { recoveryCode } from './recovery-code/step.ts';
import { requireStep } from './require/step.ts';
import { secondFactor } from './second-factor/step.ts';
import { smsCode } from './sms-code/step.ts';
import { totp } from './totp/step.ts';
import { securityQuestions } from './security-questions/step.ts';
import { verificationCode } from './verification-code/step.ts';

/** The one list of steps. A new step is a folder beside this file and a line here. */
export const steps: ReadonlyMap<string, Step> = new Map([
  activationCode,
  broker,
  firstAdministrator,
  newPassword,
  organisation,
  passkey,
  password,
  passwordNotice,
  profile,
  recoveryCode,
  requireStep,
  secondFactor,
  smsCode,
  totp,
  securityQuestions,
  verificationCode,
].map((step) => [step.id, step]));
