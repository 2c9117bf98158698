const en = {
  'header': 'Login to:',
  'test': 'Simulator. No real broker: only test means of the demo world work here.',
  'language': 'Nederlands',
  'method.title': 'How do you want to log in?',
  'method.password': 'Username and password',
  'method.username': 'Enter your username here',
  'method.username.hint': 'Your e-mail address',
  'method.secret': 'Enter your password here',
  'method.card': 'Smartcard or USB-token',
  'method.card.hint': 'Put your card in the reader or your token in the USB port.',
  'continue': 'Continue',
  'cancel': 'Cancel',
  'back': 'Choose another way',
  'card.title': 'Choose a card',
  'card.none': 'There is no test card of this broker.',
  'code.title': 'Your one-time SMS code',
  'code.sent.sms': 'We have sent a code by SMS to the number that ends in {end}. It is valid for 10 minutes.',
  'code.sent.voice': 'We call the number that ends in {end} and read the code. It is valid for 10 minutes.',
  'code.label': 'Enter the security code here',
  'code.again': 'No code received?',
  'code.sms': 'Send a new code via SMS',
  'code.call': 'Call me and read the code',
  'code.without': 'No code?',
  'code.skip': 'Continue without a code (level 2)',
  'level.title': 'Your means is of level {has}, level {asked} is asked',
  'level.text': 'With this means you cannot log in to this service. Ask for a means of level {asked} at your broker, or log in with another one.',
  'level.proceed': 'Continue anyway (test)',
  'level.proceed.hint': 'A real broker does not do this. It sends the answer with level {has}, so that you can see what the service does with it.',
  'answer.title': 'You are logged in at {broker}',
  'answer.cancelled': 'You are not logged in',
  'answer.text': 'You go back to the service now. If nothing happens, choose Continue.',
  'tester': 'For testers',
  'tester.asked': 'Level asked', 'tester.force': 'ForceAuthn', 'tester.service': 'Service index', 'tester.request': 'Request',
  'none': 'none', 'yes': 'yes', 'no': 'no',
  'error': 'There is a problem',
  'problem.username.required': 'Enter your username',
  'problem.password.required': 'Enter your password',
  'problem.credentials.wrong': 'This username and password do not belong together at this broker',
  'problem.card.required': 'Choose a card',
  'problem.code.required': 'Enter the code',
  'problem.code.wrong': 'This is not the code that we sent. You can try {left} more times',
  'problem.code.expired': 'This code has expired. Ask for a new one',
  'problem.code.dead': 'Too many wrong codes. Ask for a new one',
  'problem.code.limit': 'We have sent the most codes that we send. Cancel and start again',
  'over.title': 'This login is over',
  'over.text': 'Go back to the service and log in again.',
  'refused.title': 'We cannot handle this request',
  'refused.text': 'The service sent a request that we do not trust. You are not logged in.',
  'down.title': 'Out of order',
  'down.text': '{broker} is out of order. Try again later.',
};

export type TextKey = keyof typeof en;

const nl: Record<TextKey, string> = {
  'header': 'Inloggen bij:',
  'test': 'Simulator. Geen echte makelaar: alleen testmiddelen van de demowereld werken hier.',
  'language': 'English',
  'method.title': 'Hoe wilt u inloggen?',
  'method.password': 'Gebruikersnaam en wachtwoord',
  'method.username': 'Vul uw gebruikersnaam in',
  'method.username.hint': 'Uw e-mailadres',
  'method.secret': 'Vul uw wachtwoord in',
  'method.card': 'Smartcard of USB-token',
  'method.card.hint': 'Doe uw kaart in de lezer of uw token in de USB-poort.',
  'continue': 'Doorgaan',
  'cancel': 'Annuleren',
  'back': 'Kies een andere manier',
  'card.title': 'Kies een kaart',
  'card.none': 'Er is geen testkaart van deze makelaar.',
  'code.title': 'Uw eenmalige sms-code',
  'code.sent.sms': 'Wij hebben een code per sms gestuurd naar het nummer dat eindigt op {end}. De code is 10 minuten geldig.',
  'code.sent.voice': 'Wij bellen het nummer dat eindigt op {end} en lezen de code voor. De code is 10 minuten geldig.',
  'code.label': 'Vul de code in',
  'code.again': 'Geen code ontvangen?',
  'code.sms': 'Stuur een nieuwe code per sms',
  'code.call': 'Bel mij en lees de code voor',
  'code.without': 'Zonder code?',
  'code.skip': 'Verder zonder code (niveau 2)',
  'level.title': 'Uw middel is niveau {has}, gevraagd is niveau {asked}',
  'level.text': 'Met dit middel kunt u niet inloggen bij deze dienst. Vraag bij uw makelaar een middel van niveau {asked} aan, of log in met een ander middel.',
  'level.proceed': 'Toch doorgaan (test)',
  'level.proceed.hint': 'Een echte makelaar doet dit niet. Het antwoord gaat met niveau {has} naar de dienst, zodat u ziet wat die ermee doet.',
  'answer.title': 'U bent ingelogd bij {broker}',
  'answer.cancelled': 'U bent niet ingelogd',
  'answer.text': 'U gaat nu terug naar de dienst. Gebeurt er niets, kies dan Doorgaan.',
  'tester': 'Voor testers',
  'tester.asked': 'Gevraagd niveau', 'tester.force': 'ForceAuthn', 'tester.service': 'Dienstindex', 'tester.request': 'Verzoek',
  'none': 'geen', 'yes': 'ja', 'no': 'nee',
  'error': 'Er is een probleem',
  'problem.username.required': 'Vul uw gebruikersnaam in',
  'problem.password.required': 'Vul uw wachtwoord in',
  'problem.credentials.wrong': 'Deze gebruikersnaam en dit wachtwoord horen bij deze makelaar niet bij elkaar',
  'problem.card.required': 'Kies een kaart',
  'problem.code.required': 'Vul de code in',
  'problem.code.wrong': 'Dit is niet de code die wij hebben gestuurd. U kunt het nog {left} keer proberen',
  'problem.code.expired': 'Deze code is verlopen. Vraag een nieuwe aan',
  'problem.code.dead': 'Te vaak een verkeerde code. Vraag een nieuwe aan',
  'problem.code.limit': 'Wij sturen niet meer codes. Annuleer en begin opnieuw',
  'over.title': 'Deze inlogpoging is voorbij',
  'over.text': 'Ga terug naar de dienst en log opnieuw in.',
  'refused.title': 'Wij kunnen dit verzoek niet verwerken',
  'refused.text': 'De dienst stuurde een verzoek dat wij niet vertrouwen. U bent niet ingelogd.',
  'down.title': 'Storing',
  'down.text': '{broker} heeft een storing. Probeer het later opnieuw.',
};

export type Language = 'nl' | 'en';
export type Texts = (key: TextKey, params?: Record<string, string | number>) => string;

/** The words of the simulator in one language; `{name}` is filled in from the parameters. */
export function textsIn(language: Language): Texts {
  const words = language === 'nl' ? nl : en;
  return (key, params = {}) => words[key].replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? ''));
}

/** `?lang=` when it says so, else the browser's first language when that is Dutch, else English as the brokers do. */
export function languageOf(asked: string | undefined, acceptLanguage: string): Language {
  if (asked === 'nl' || asked === 'en') return asked;
  return acceptLanguage.toLowerCase().startsWith('nl') ? 'nl' : 'en';
}

export function isProblemKey(key: string): key is TextKey {
  return Object.hasOwn(en, key);
}
