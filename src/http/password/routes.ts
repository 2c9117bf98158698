import Router from '@koa/router';
import type { RealmHost } from '../realm.ts';
import { changePassword, showChange } from './change.ts';
import { askLink, showAsked, showForgot } from './forgot.ts';
import { chooseByLink, showDone, showLink } from './link.ts';

/**
 * Pages about a password that belong to no login (pages B01 to B05): nobody gets in by them, and no run goes on. They are there
 * where the realm offers them.
 */
export function passwordRoutes(host: RealmHost): Router {
  const router = new Router();
  const { forgotten, change_at_login: change } = host.realm.password;
  if (forgotten === 'link') {
    router.get('/password/forgot', (ctx) => showForgot(ctx, host));
    router.post('/password/forgot', (ctx) => askLink(ctx, host));
    router.get('/password/asked', (ctx) => showAsked(ctx, host));
    router.get('/password/link/:handle', (ctx) => showLink(ctx, host));
    router.post('/password/link/:handle', (ctx) => chooseByLink(ctx, host));
  }
  if (change) {
    router.get('/password/change', (ctx) => showChange(ctx, host));
    router.post('/password/change', (ctx) => changePassword(ctx, host));
  }
  if (change || forgotten === 'link') router.get('/password/done', (ctx) => showDone(ctx, host));
  return router;
}
