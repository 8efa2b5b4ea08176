"""``hotline serve``: the desk on uvicorn."""

from pipeline.notify.channels import is_loopback
from pipeline.review.people import has_people
from pipeline.settings import Settings
from pipeline.stages import quarantine
from pipeline.store.engine import make_engine, upgrade

FIRST_STEPS = (
    "还没有任何用户。请在本机另开一个终端建立第一个管理员，屏幕会显示一次性密码：\n"
    "    hotline user add 姓名 --role 管理员\n"
    "管理员登录后，在“用户”页为同事开通账号（查看、复核、监督员、负责人、纪检联络员）。"
)


def serve(settings: Settings, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Migrate, say how to begin, serve until interrupted."""
    import uvicorn

    from pipeline.review.app import create_app

    engine = make_engine(settings)
    upgrade(engine)
    app = create_app(settings, engine)
    if not has_people(engine):
        print(FIRST_STEPS)
    if not is_loopback(host):
        print(
            "注意：正在监听本机以外的地址，而本服务自身不加密。请放在终止 TLS 的反向代理之后，"
            "并由代理传递 X-Forwarded-Proto，否则密码和会话会以明文传输。"
        )
    print("正在准备……", flush=True)
    # Seconds of importing, which in somebody's request, or beside it, would hold up all pages.
    quarantine.warm_up()
    print(f"复核台：http://{host}:{port}  （Ctrl+C 停止）")
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,  # addresses with names of units and ticket numbers belong in no log
        server_header=False,
        date_header=True,
    )
