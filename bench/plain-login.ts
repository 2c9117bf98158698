import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const flows = `flows:
  password:
    bindings:
      - { id: hours, step: require, with: { that: applications_open, else: application_closed, fine: true } }
      - { step: password, with: { level: password } }
      - { id: level, step: require, with: { that: level_reached, else: level_too_low } }
      - { id: account, step: require, with: { that: account_active, else: account_inactive } }
      - { id: membership, step: require, with: { that: verified, else: membership_ended }, when: [membership_ended] }
      - { id: role, step: require, with: { that: has_role, else: no_role } }
    ensure: [identified, level_reached, account_active, has_role]
`;

/**
 * Makes a copied realm folder one where a password is enough, at every portal of it: what is measured or tried there is not
 * what its flow asks. Each authenticator code works once in half a minute, so nobody could log in over and over.
 */
export function passwordAlone(folder: string): void {
  change(join(folder, 'realm.yaml'), (text) => text.replace(/^flows:\n(?:(?:[ #].*)?\n)*/m, `${flows}\n`));
  for (const portal of readdirSync(join(folder, 'portals'))) {
    change(join(folder, 'portals', portal), (text) => text.replace(/^flow: .*$/m, 'flow: password').replace(/^level: .*$/m, 'level: password'));
  }
}

function change(file: string, how: (text: string) => string): void {
  writeFileSync(file, how(readFileSync(file, 'utf8')));
}
