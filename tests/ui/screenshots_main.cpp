// SPDX-License-Identifier: GPL-3.0-or-later
// streamgauge_screenshots DIRECTORY [NAME]: writes every scene, dark and light, at two sizes, as PNG files.
#include <QApplication>
#include <QDir>

#include <cstdio>

#include "client/eventually.h"
#include "ui/scenes.h"

int main(int argc, char** argv) {
    using namespace streamgauge;
    using namespace Qt::Literals::StringLiterals;
    if (argc < 2 || argv[1][0] == '-') {
        std::fprintf(stderr, "usage: streamgauge_screenshots DIRECTORY [part of a scene's name]\n");
        return 2;
    }
    if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
    if (!qEnvironmentVariableIsSet("QT_QUICK_BACKEND")) qputenv("QT_QUICK_BACKEND", "software");
    qputenv("TZ", "UTC");  // the same pictures everywhere
    QApplication application(argc, argv);
    console::prepare_application();
    const QDir directory(QString::fromLocal8Bit(argv[1]));
    const QString part = argc > 2 ? QString::fromLocal8Bit(argv[2]) : QString();
    if (!directory.mkpath(u"."_s)) {
        std::fprintf(stderr, "cannot make the directory %s\n", argv[1]);
        return 1;
    }
    int written = 0;
    int complaints = 0;
    for (const tests::Scene& scene : tests::scenes()) {
        if (!scene.name.contains(part)) continue;
        for (const QString& theme : {u"dark"_s, u"light"_s}) {
            for (const QSize size : {QSize(1440, 900), QSize(1024, 700)}) {
                tests::Stage stage;
                stage.app.set_theme(theme);
                stage.show(size);
                scene.play(stage);
                const QString file = u"%1-%2-%3x%4.png"_s.arg(scene.name, theme).arg(size.width()).arg(size.height());
                if (!stage.grab().save(directory.filePath(file))) {
                    std::fprintf(stderr, "cannot write %s\n", qPrintable(directory.filePath(file)));
                    return 1;
                }
                ++written;
                for (const QString& complaint : stage.window->complaints()) {
                    std::fprintf(stderr, "%s: %s\n", qPrintable(scene.name), qPrintable(complaint));
                    ++complaints;
                }
            }
        }
    }
    std::printf("%d pictures in %s\n", written, qPrintable(directory.absolutePath()));
    return complaints == 0 && written > 0 ? 0 : 1;
}
