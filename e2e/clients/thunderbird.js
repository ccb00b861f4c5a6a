// What a test asks of Thunderbird, in its own words: run in the context of its main window.
const { cal } = ChromeUtils.importESModule("resource:///modules/calendar/calUtils.sys.mjs");
const { CalEvent } = ChromeUtils.importESModule("resource:///modules/CalEvent.sys.mjs");
const { CalAttendee } = ChromeUtils.importESModule("resource:///modules/CalAttendee.sys.mjs");

const calendarAt = uri => cal.manager.getCalendars().find(one => one.uri.spec === uri);

const itemsOf = calendar => calendar.getItemsAsArray(
  Ci.calICalendar.ITEM_FILTER_ALL_ITEMS | Ci.calICalendar.ITEM_FILTER_COMPLETED_ALL | Ci.calICalendar.ITEM_FILTER_CLASS_OCCURRENCES, 0,
  cal.createDateTime("20261101T000000Z"), cal.createDateTime("20270201T000000Z"));

// until waits for something to be true, and fails after twenty seconds.
async function until(what, isTrue) {
  for (let i = 0; i < 80; i++) {
    const found = await isTrue();
    if (found) {
      return found;
    }
    await new Promise(after => setTimeout(after, 250));
  }
  throw new Error("not seen: " + what);
}

const itemOf = (uri, uid) => calendarAt(uri).getItem(uid);

const steps = {
  // As the dialog "New Calendar, on the network": find, then subscribe to each, one at a time.
  async connect(login, password, address) {
    Services.prefs.setBoolPref("signon.rememberSignons", true);
    const found = await cal.provider.detection.detect(login, password, address, false, [], {});
    await cal.auth.passwordManagerSave(login, password, address, "Parvis");
    const out = [];
    for (const one of [...found.values()].flat()) {
      const calendar = cal.manager.createCalendar("caldav", one.uri);
      calendar.name = one.name;
      calendar.setProperty("username", login);
      calendar.setProperty("cache.enabled", true);
      calendar.setProperty("refreshInterval", "0");
      cal.manager.registerCalendar(calendar);
      const kept = calendarAt(one.uri.spec);
      const loaded = new Promise(resolve => kept.addObserver({
        QueryInterface: ChromeUtils.generateQI(["calIObserver"]),
        onLoad: resolve, onStartBatch() {}, onEndBatch() {}, onAddItem() {}, onModifyItem() {}, onDeleteItem() {}, onError() {}, onPropertyChanged() {}, onPropertyDeleting() {},
      }));
      kept.refresh();
      await loaded;
      await until("an address for invitations", () => kept.getProperty("organizerId"));
      out.push({ Name: kept.name, URI: kept.uri.spec, ReadOnly: kept.readOnly, Items: (await itemsOf(kept)).map(item => item.title) });
    }
    return out;
  },

  async add(uri, uid, title) {
    const event = new CalEvent();
    event.id = uid;
    event.title = title;
    event.startDate = cal.createDateTime("20261202T090000Z");
    event.endDate = cal.createDateTime("20261202T100000Z");
    await calendarAt(uri).addItem(event);
  },

  async rename(uri, uid, title) {
    const old = await itemOf(uri, uid);
    const changed = old.clone();
    changed.title = title;
    await calendarAt(uri).modifyItem(changed, old);
  },

  async refresh(uri, title) {
    calendarAt(uri).refresh();
    await until(title, async () => (await itemsOf(calendarAt(uri))).some(item => item.title === title));
    return (await itemsOf(calendarAt(uri))).map(item => item.title);
  },

  async invite(uri, uid, organizer, attendee) {
    const old = await itemOf(uri, uid);
    const changed = old.clone();
    const person = (address, isOrganizer, status) => {
      const one = new CalAttendee();
      one.id = "mailto:" + address;
      one.isOrganizer = isOrganizer;
      one.role = "REQ-PARTICIPANT";
      one.participationStatus = status;
      return one;
    };
    changed.organizer = person(organizer, true, "ACCEPTED");
    changed.addAttendee(person(organizer, false, "ACCEPTED"));
    changed.addAttendee(person(attendee, false, "NEEDS-ACTION"));
    await calendarAt(uri).modifyItem(changed, old);
  },

  // As the dialog "Add CardDAV Address Book".
  async books(login, password, address) {
    const { CardDAVUtils } = ChromeUtils.importESModule("resource:///modules/CardDAVUtils.sys.mjs");
    const out = [];
    for (const one of await CardDAVUtils.detectAddressBooks(login, password, address, false)) {
      const book = await one.create();
      const names = await until("cards of " + one.name, () => {
        const cards = book.childCards.map(card => card.displayName);
        return cards.length && cards;
      });
      out.push({ Name: book.dirName, ReadOnly: book.readOnly, Cards: names });
    }
    return out;
  },

  async remove(uri, uid) {
    await calendarAt(uri).deleteItem(await itemOf(uri, uid));
  },
};
