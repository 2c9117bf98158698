import { describeMistake, type Mistake } from '../config/mistakes.ts';
import { ConfigError } from '../config/load.ts';
import type { Config, Realm } from '../config/schema.ts';
import { proveRealm, type Complaint } from '../flow/prove.ts';
import { checkTheme } from '../http/theme.ts';
import { steps } from '../steps/index.ts';
import type { Args, Command, Result } from './command.ts';
import { configOf, realmsOf } from './context.ts';
import { profileOutcome } from './profile.ts';

type Report = { realm: string; portals: number; brokers: number; clients: number; theme: string[]; flows: Complaint[] };

export const checkCommand: Command = {
  name: 'realm check',
  summary: 'read the whole configuration and report every mistake; prove the flows',
  options: {
    realm: { type: 'string', value: 'ID', help: 'only this realm (all files are read)' },
    profile: { type: 'string', value: 'nlgov', help: 'hold it against every requirement of this profile instead' },
  },
  async run(args, io) {
    try {
      const config = configOf(args, io);
      const profile = args.get('profile');
      if (profile !== undefined) return await profileOutcome(profile, profileRealms(config, args), config.system);
      return outcome(realmsOf(config, args).map(reportOn));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return refusal(error.mistakes);
    }
  },
};

/** The realm that was named, else those that have the profile. */
function profileRealms(config: Config, args: Args): Realm[] {
  const realms = realmsOf(config, args);
  return args.has('realm') ? realms : realms.filter(({ profile }) => profile === args.get('profile'));
}

function reportOn(realm: Realm): Report {
  return {
    realm: realm.id,
    portals: realm.portals.length,
    brokers: realm.brokers.length,
    clients: realm.portals.reduce((sum, portal) => sum + portal.clients.length, 0),
    theme: checkTheme(realm.theme),
    flows: proveRealm(realm, steps),
  };
}

function outcome(reports: Report[]): Result {
  const lines = reports.flatMap((report) => [
    `${report.realm}: portals ${report.portals}, brokers ${report.brokers}, clients ${report.clients}, flows ${report.flows.length === 0 ? 'proved' : 'NOT PROVED'}`,
    ...report.theme.map((complaint) => `  theme: ${complaint}`),
    ...report.flows.map(complaintText),
  ]);
  const refused = reports.some((report) => report.theme.length + report.flows.length > 0);
  return { data: { ok: !refused, mistakes: [], realms: reports }, text: lines.join('\n'), refused };
}

function refusal(mistakes: Mistake[]): Result {
  return { data: { ok: false, mistakes, realms: [] }, text: mistakes.map(describeMistake).join('\n'), refused: true };
}

/** A complaint of the prover on one line. */
export function complaintText({ flow, portal, message, path }: Complaint): string {
  return `  flow ${flow} at portal ${portal}: ${message}${path.length === 0 ? '' : ` (${path.join(' → ')})`}`;
}
