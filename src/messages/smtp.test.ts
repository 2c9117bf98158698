import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { SMTPServer } from 'smtp-server';
import type { Message } from '../store/outbox.ts';
import { createSmtpSender } from './smtp.ts';

const message: Message = {
  id: '0197-1', channel: 'mail', recipient: 'anh@example.nl', subject: 'Uw verificatiecode – Nguyễn', text: 'Beste Ánh', html: '<p>Beste Ánh</p>',
  code: null, links: [], secret: 0, state: 'sending', attempts: 1, next_at: 0, error: null, created_at: 0, sent_at: null, account_id: null,
};

async function server(refuse?: number) {
  const mails: { from: string; to: string[]; raw: string }[] = [];
  const smtp = new SMTPServer({
    authOptional: true, disabledCommands: ['STARTTLS'],
    onRcptTo: (_address, _session, done) => done(refuse ? Object.assign(new Error('no such user'), { responseCode: refuse }) : null),
    onData: (stream, session, done) => {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({ from: mailFrom ? mailFrom.address : '', to: rcptTo.map((one) => one.address), raw: Buffer.concat(parts).toString() });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => { smtp.listen(0, '127.0.0.1', resolve); });
  const { port } = smtp.server.address() as AddressInfo;
  const sender = createSmtpSender({ smtp_url: `smtp://127.0.0.1:${port}`, from: 'Sluis <noreply@sluis.example>' });
  return {
    mails, send: sender.send,
    close: async () => {
      sender.close();
      await new Promise<void>((resolve) => { smtp.close(resolve); });
    },
  };
}

test('a mail arrives as text and html, with the id of the message', async () => {
  const { mails, send, close } = await server();
  await send(message);
  await send({ ...message, html: null, recipient: "o'brien@example.nl" });
  expect(mails.map((mail) => mail.to)).toEqual([['anh@example.nl'], ["o'brien@example.nl"]]);
  expect(mails[0]?.from).toBe('noreply@sluis.example');
  expect(mails[0]?.raw).toMatch(/^Message-ID: <0197-1@sluis\.example>/m);
  expect(mails[0]?.raw).toContain('multipart/alternative');
  expect(mails[0]?.raw).toContain('Auto-Submitted: auto-generated');
  expect(mails[1]?.raw).not.toContain('text/html');
  await close();
});

test('a list of addresses or a line break reaches nobody else', async () => {
  const { mails, send, close } = await server();
  await send({ ...message, recipient: 'a@example.nl, b@example.nl' }).catch(() => undefined);
  await send({ ...message, subject: 'x\r\nBcc: evil@example.com' });
  expect(mails.flatMap((mail) => mail.to)).not.toContain('b@example.nl');
  expect(mails.flatMap((mail) => mail.to)).not.toContain('evil@example.com');
  expect(mails.at(-1)?.raw).not.toMatch(/^Bcc:/m);
  await close();
});

test('a server that refuses is a failure', async () => {
  const { send, close } = await server(550);
  await expect(send(message)).rejects.toMatchObject({ responseCode: 550 });
  await close();
});
