// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/desktop_notifier.h"

#include <QDBusConnection>
#include <QDBusMessage>
#include <QStringList>
#include <QVariantMap>

namespace streamgauge::console {

using namespace Qt::Literals::StringLiterals;

void notify_desktop(const QString& title, const QString& text, bool urgent) {
    constexpr int kUsualTime = -1, kUntilSeen = 0;
    constexpr uchar kNormal = 1, kCritical = 2;
    // Without a bus there is no desktop to ask, and none is to be started.
    if (qEnvironmentVariableIsEmpty("DBUS_SESSION_BUS_ADDRESS") && qEnvironmentVariableIsEmpty("XDG_RUNTIME_DIR"))
        return;
    QDBusConnection bus = QDBusConnection::sessionBus();
    if (!bus.isConnected()) return;
    QDBusMessage call =
        QDBusMessage::createMethodCall(u"org.freedesktop.Notifications"_s, u"/org/freedesktop/Notifications"_s,
                                       u"org.freedesktop.Notifications"_s, u"Notify"_s);
    const QVariantMap hints{{u"urgency"_s, QVariant::fromValue(urgent ? kCritical : kNormal)}};
    // The body may be taken as markup.
    call.setArguments({u"Streamgauge"_s, uint(0), QString(), title, text.toHtmlEscaped(), QStringList(), hints,
                       urgent ? kUntilSeen : kUsualTime});
    bus.send(call);
}

}  // namespace streamgauge::console
