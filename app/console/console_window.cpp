// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/console_window.h"

#include <QApplication>
#include <QClipboard>
#include <QDir>
#include <QFontDatabase>
#include <QIcon>
#include <QPalette>
#include <QQmlEngine>
#include <QQuickWindow>
#include <QSGRendererInterface>

#include "console/budget_curve_item.h"
#include "console/desktop_notifier.h"
#include "console/file_dialogs.h"
#include "console/heat_item.h"
#include "console/picture_clipboard.h"
#include "console/series_feed.h"
#include "console/sparkline_item.h"

namespace streamgauge::console {

using namespace Qt::Literals::StringLiterals;

namespace {

// A render node is how the kernel offers a graphics processor. Without one OpenGL runs on the processor (llvmpipe),
// which costs about ten times what Qt Quick's own software renderer does for this window.
bool has_graphics_processor() {
    return !QDir(u"/dev/dri"_s).entryList({u"renderD*"_s}, QDir::System | QDir::Files).isEmpty();
}

}  // namespace

void prepare_application() {
    if (!qEnvironmentVariableIsSet("QT_QUICK_BACKEND") && !has_graphics_processor())
        QQuickWindow::setGraphicsApi(QSGRendererInterface::Software);
    for (const QString& file : {u"StreamgaugeSans-Regular.otf"_s, u"StreamgaugeSans-Medium.otf"_s,
                                u"StreamgaugeSans-SemiBold.otf"_s, u"StreamgaugeMono-Regular.ttf"_s}) {
        QFontDatabase::addApplicationFont(u":/resources/fonts/"_s + file);
    }
    QFont font(u"Streamgauge Sans"_s);
    font.setPixelSize(13);
    QApplication::setFont(font);
    qmlRegisterType<SparklineItem>("Streamgauge", 1, 0, "Sparkline");
    qmlRegisterType<BudgetCurveItem>("Streamgauge", 1, 0, "BudgetCurve");
    qmlRegisterType<SeriesFeed>("Streamgauge", 1, 0, "SeriesFeed");
    qmlRegisterType<HeatItem>("Streamgauge", 1, 0, "HeatMap");
    qmlRegisterType<PictureClipboard>("Streamgauge", 1, 0, "PictureClipboard");
    qmlRegisterAnonymousType<viewmodels::ChartModel>("Streamgauge", 1);
}

ConsoleWindow::ConsoleWindow(viewmodels::ConsoleViewModel& app) : app_(app) {
    setTitle(u"Streamgauge"_s);
    setResizeMode(QQuickView::SizeRootObjectToView);
    setMinimumSize(QSize(960, 620));
    connect(engine(), &QQmlEngine::warnings, this, [this](const QList<QQmlError>& warnings) {
        for (const QQmlError& warning : warnings) complaints_.append(warning.toString());
    });
    connect(&app, &viewmodels::ConsoleViewModel::copyRequested, this,
            [](const QString& text) { QGuiApplication::clipboard()->setText(text); });
    connect(app.marks(), &viewmodels::MarksViewModel::desktopAlert, this,
            [](const QString& title, const QString& text, bool resolved) { notify_desktop(title, text, !resolved); });
    serve_files(*app.load());
    serve_files(*app.objectives()->exchange());
    follow_system_theme();
    setInitialProperties({{u"app"_s, QVariant::fromValue<QObject*>(&app)}});
    setSource(QUrl(u"qrc:/qml/Main.qml"_s));
    const auto found = errors();
    for (const QQmlError& error : found) complaints_.append(error.toString());
}

ConsoleWindow::~ConsoleWindow() {
    // QML goes before the view model it reads.
    setSource(QUrl());
}

bool ConsoleWindow::event(QEvent* event) {
    if (event->type() == QEvent::Close) {
        event->ignore();
        app_.requestClose();
        return true;
    }
    if (event->type() == QEvent::ThemeChange || event->type() == QEvent::ApplicationPaletteChange)
        follow_system_theme();
    return QQuickView::event(event);
}

void ConsoleWindow::follow_system_theme() {
    const QPalette palette = QGuiApplication::palette();
    app_.set_system_dark(palette.color(QPalette::Window).lightness() < palette.color(QPalette::WindowText).lightness());
}

}  // namespace streamgauge::console
